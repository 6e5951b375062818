"""The cases of the plan `voucher`: a voucher centre, asked by channels and by institutions' terminal libraries."""
