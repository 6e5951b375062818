"""The dialects of the encryption machine (加密机, 签名验签服务器): host commands over TCP and GM/T 0029.

`host` has the codecs of the host commands, `host_messages` their requests and replies, `svs` those of the signature
server, `svs_http` and `svs_der` its codecs, `profile` the vendor variants (data in fixtures/machines), `reasons` why a
machine refuses in words that belong to no dialect. No I/O and no cryptography here.
"""
