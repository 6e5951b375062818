Language: zh-CN

*** 设置 ***
说明              药店收银台使用医保电子凭证购药。
资源文件          pharmacy.resource
用例集启程        Open Bench    ${BENCH}    ${ADAPTER}    ${SEED}
用例集终程        Close Bench
用例终程          Finish

*** 用例 ***
正常购药
    开始用例    正常购药    GS-PHARMACY    NX-ORIGINAL-SETTLEMENT-PATH
    签到
    购药    A0001
    结果应为    accepted
    账目应一致

二维码过期
    开始用例    二维码过期    GS-DYNAMIC-QR
    签到
    等待后购药    A0001    61
    结果应为拒绝    code-expired
    购药    A0002
    结果应为    accepted

二维码重复使用
    开始用例    二维码重复使用    GS-DYNAMIC-QR    QH-FUND-SAFETY
    签到
    购药    A0001
    结果应为    accepted
    用旧码购药    A0002
    结果应为拒绝    code-used

支付密码错误
    开始用例    支付密码错误    GS-PHARMACY
    签到
    购药    A0001    answer=wrong-password
    结果应为拒绝    wrong-password

结算应答丢失
    开始用例    结算应答丢失    QH-FUND-SAFETY
    签到
    制造故障    platform    2102    lose-reply
    购药    A0001
    结果应为    accepted    refused
    购药    A0002    person=P009
    结果应为    accepted
    账目应一致

退费与重复退费
    开始用例    退费与重复退费    QH-CLEARING
    签到
    购药    A0001
    退费    A0001
    结果应为    accepted
    退费    A0001
    结果应为拒绝    already-refunded
    账目应一致

*** 关键字 ***
开始用例
    [参数]    ${名称}    @{要求}
    Begin Case    ${名称}    @{要求}

签到
    Sign In

购药
    [参数]    ${订单}    &{其他}
    Buy Basket    ${订单}    &{其他}

等待后购药
    [参数]    ${订单}    ${秒}
    Buy Basket After Waiting    ${订单}    ${秒}

用旧码购药
    [参数]    ${订单}
    Buy Basket With Kept Code    ${订单}

制造故障
    [参数]    ${系统}    ${报文}    ${故障}
    Disturb    ${系统}    ${报文}    ${故障}

退费
    [参数]    ${订单}
    Refund Order    ${订单}

结果应为
    [参数]    @{结果}
    Outcome Should Be    @{结果}

结果应为拒绝
    [参数]    @{原因}
    Outcome Should Be Refused Because    @{原因}

账目应一致
    Books Should Agree On    ${DAY}
