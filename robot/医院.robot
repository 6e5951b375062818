Language: zh-CN

*** 设置 ***
说明              医院窗口与自助机：挂号、门诊缴费、住院结算。
资源文件          hospital.resource
用例集启程        Open Bench    ${BENCH}    ${ADAPTER}    ${SEED}
用例集终程        Close Bench
用例终程          Finish

*** 用例 ***
窗口扫码挂号
    开始用例    窗口扫码挂号    MY-OUTPATIENT-REGISTER
    签到
    挂号    R0001
    结果应为    accepted
    账目应一致

当日号线上不退
    开始用例    当日号线上不退    MY-OUTPATIENT-REFUND
    签到
    挂号    R0001    0
    退号    R0001    online
    结果应为拒绝    refund-at-window
    退号    R0001    window
    结果应为    accepted
    账目应一致

自助机刷身份证缴费
    开始用例    自助机刷身份证缴费    QH-ID-CARD-PAY    QH-UNATTENDED
    签到
    患者    by=id-card    way=self-service
    挂号    R0001    0
    开单    F0001    R0001
    缴费    F0001
    结果应为    accepted
    账目应一致

出院重新扫码结算
    开始用例    出院重新扫码结算    GS-INPATIENT
    签到
    入院    I0001
    记账    I0001
    出院    I0001
    住院结算    I0001
    结果应为    accepted
    账目应一致

*** 关键字 ***
开始用例
    [参数]    ${名称}    @{要求}
    Begin Case    ${名称}    @{要求}

签到
    Sign In

患者
    [参数]    &{其他}
    Patient Is    &{其他}

挂号
    [参数]    ${订单}    ${天数}=2
    Register    ${订单}    ${天数}

退号
    [参数]    ${订单}    ${方式}
    Refund Registration    ${订单}    ${方式}

开单
    [参数]    ${订单}    ${就诊}
    Doctor Orders    ${订单}    ${就诊}

缴费
    [参数]    ${订单}
    Pay Fees    ${订单}

入院
    [参数]    ${订单}
    Admit    ${订单}

记账
    [参数]    ${订单}
    Charge Stay    ${订单}

出院
    [参数]    ${订单}
    Discharge    ${订单}

住院结算
    [参数]    ${订单}
    Settle Stay    ${订单}

结果应为
    [参数]    @{结果}
    Outcome Should Be    @{结果}

结果应为拒绝
    [参数]    @{原因}
    Outcome Should Be Refused Because    @{原因}

账目应一致
    Books Should Agree On    ${DAY}
