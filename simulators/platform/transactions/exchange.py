"""9101 file upload (文件上传) and 9102 file download (文件下载)."""

import base64

from harness.wire.fields import bytes_of
from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.documents import changed
from simulators.platform.files import fetch, store
from simulators.platform.refusals import RefusedError


async def upload_file(desk: Desk, call: Call) -> bytes:
    """9101. Takes any bytes; whoever uses them says whether they are right. Raises RefusedError."""
    info = call.node("fsUploadIn")
    _require_own(call, info["fixmedins_code"])

    def work() -> dict[str, object]:
        file = store(desk, call, name=str(info["filename"]), content=bytes_of(info["in"]))
        return {"fsUploadOut": {**file.as_output(), "fixmedins_code": file.institution}}

    return await changed(desk, call, work)


async def download_file(desk: Desk, call: Call) -> bytes:
    """9102. Raises RefusedError."""
    info = call.node("fsDownloadIn")
    _require_own(call, info["fixmedins_code"])
    file = fetch(desk, call, info["file_qury_no"])
    content = base64.b64encode(file.content).decode()
    answer = {**file.as_output(), "fixmedins_code": file.institution, "out": content}
    return desk.accepted(call, {"fsDownloadOut": answer})


def _require_own(call: Call, code: object) -> None:
    if code != call.institution.code:
        raise RefusedError("institution-disagrees", seen=code, expected=call.institution.code)
