"""Known defects of the ways to identify and of unattended counters: one member of the right behaviour replaced."""

from dataclasses import replace

from simulators.his.behaviour import Behaviour, Release
from simulators.his.box_behaviour import BoxBehaviour
from simulators.his.mutant import Mutant

RIGHT = Behaviour()
HOSPITAL, COUNTERS = ("hospital",), ("pharmacy", "hospital")

_IDENTIFICATION = (
    Mutant(
        name="activation-not-checked",
        english="an ID card whose owner has no active voucher is taken",
        chinese="身份证就诊不检查电子凭证是否激活",
        shown_by="1101 after cn.nhsa.cert.get said activated false, instead of not-activated",
        behaviour=replace(RIGHT, checks_activation=False),
        kinds=COUNTERS,
    ),
    Mutant(
        name="id-number-as-token",
        english="an ID number is sent as if it were a voucher's token",
        chinese="身份证号按电子凭证令牌上传（凭证类型填01）",
        shown_by="mdtrt_cert_type 01 with an ID number in mdtrt_cert_no",
        behaviour=replace(RIGHT, cert_type=lambda _: "01"),
        kinds=COUNTERS,
    ),
    Mutant(
        name="insured-where-the-counter-stands",
        english="everybody counts as insured in the counter's own place",
        chinese="参保地一律填就医地",
        shown_by="insuplc_admdvs is mdtrtarea_admvs for a person whose 1101 names another place",
        behaviour=replace(RIGHT, insuplc=lambda _: "639900"),
        kinds=COUNTERS,
    ),
    Mutant(
        name="face-mismatch-ignored",
        english="a face that is not recognised does not end it; the authNo goes on as token",
        chinese="人脸核验失败仍继续，用授权编号当令牌",
        shown_by="1101 whose mdtrt_cert_no is an authNo, after cn.nhsa.auth.check was refused",
        behaviour=replace(RIGHT, heeds_mismatch=False),
        kinds=COUNTERS,
    ),
    Mutant(
        name="face-success-on-failure",
        english="the terminal is told SUCCESS although the payment failed",
        chinese="结算失败仍通知终端成功",
        shown_by="cn.nhsa.settle.notify SUCCESS after a refusal",
        behaviour=replace(RIGHT, notified_state=lambda _: "SUCCESS"),
        kinds=COUNTERS,
    ),
    Mutant(
        name="face-result-missing",
        english="the terminal is not told how a payment by face ended",
        chinese="刷脸结算后不通知终端结果",
        shown_by="a payment by face without cn.nhsa.settle.notify at its end",
        behaviour=replace(RIGHT, notified_state=lambda _: None),
        kinds=COUNTERS,
    ),
    Mutant(
        name="business-number-repeated",
        english="outBizNo is the same for every face check of a day",
        chinese="刷脸业务流水号重复",
        shown_by="two cn.nhsa.ec.auth with one outBizNo; the second is refused",
        behaviour=replace(RIGHT, out_biz_no=lambda institution, day, _: f"{institution}{day}{1:09d}"),
        kinds=COUNTERS,
    ),
    Mutant(
        name="operator-mixed",
        english="the centre is asked in the name of another operator than the platform",
        chinese="凭证中心与医保平台报文的操作员不一致",
        shown_by="operatorId at the centre is not the opter of the envelopes",
        behaviour=replace(RIGHT, centre_operator=lambda _: "9999"),
        kinds=COUNTERS,
    ),
    Mutant(
        name="cashier-at-self-service",
        english="messages of a self-service terminal say that a cashier sent them",
        chinese="自助终端报文的经办人类别填1",
        shown_by="opter_type 1 in a command with way self-service",
        behaviour=replace(RIGHT, opter_type=lambda _: "1"),
        kinds=COUNTERS,
    ),
    Mutant(
        name="device-type-missing",
        english="a self-service terminal does not say to the centre that it is one",
        chinese="自助终端解码不填设备类型",
        shown_by="ec.query without deviceType SelfService in a command with way self-service",
        behaviour=replace(RIGHT, device_type=lambda _: ""),
        kinds=COUNTERS,
    ),
    Mutant(
        name="card-password-missing",
        english="the proof of the social-insurance card's password is left out",
        chinese="社会保障卡结算不带密码验证结果",
        shown_by="2207 with mdtrt_cert_type 03 and an empty expContent",
        behaviour=replace(RIGHT, more=lambda _: ""),
        kinds=COUNTERS,
    ),
    Mutant(
        name="card-password-kept",
        english="the proof of a social-insurance card's password serves for the card's later payments",
        chinese="社会保障卡密码验证结果在后续支付中重复使用",
        shown_by="a second 2102 by the same card without VerifyPIN in its command",
        behaviour=replace(RIGHT, asks_card_password_anew=False),
    ),
    Mutant(
        name="box-without-account",
        english="Alipay's box is told what the fund pays as the whole part of the insurance",
        chinese="支付宝IoT设备结果通知的医保支付金额未含个人账户",
        shown_by="medicalFee of iot.medical.settle.notify without acct_pay",
        behaviour=replace(RIGHT, box=BoxBehaviour(medical=lambda amounts: amounts.fund)),
    ),
    Mutant(
        name="box-refusal-ignored",
        english="a scan that Alipay's box did not get accepted does not end it; its business number goes on as token",
        chinese="支付宝IoT设备取码失败仍继续，用业务流水号当令牌",
        shown_by="1101 whose mdtrt_cert_no is an outBizNo, after iot.gain.ec.qrcode was refused",
        behaviour=replace(RIGHT, box=BoxBehaviour(heeds_refusals=False)),
    ),
    Mutant(
        name="library-width-not-checked",
        english="a library of the wrong width, or none, is used all the same",
        chinese="不检查动态库位数",
        shown_by="sign-in sends 9001 and is accepted where a library has the other width",
        behaviour=replace(RIGHT, checks_libraries=False),
        kinds=HOSPITAL,
    ),
)

_UNATTENDED = (
    Mutant(
        name="released-before-payment",
        english="an unattended counter lets go before the settlement is known",
        chinese="结算结果返回前已出货或出凭条",
        shown_by="the event released comes before the answer of the settlement",
        behaviour=replace(RIGHT, release=Release.ASKED),
        kinds=COUNTERS,
    ),
    Mutant(
        name="released-although-refused",
        english="an unattended counter lets go whatever the answer is",
        chinese="结算被拒仍出货或出凭条",
        shown_by="the event released in a command whose outcome is refused or unknown",
        behaviour=replace(RIGHT, release=Release.ANSWERED),
        kinds=COUNTERS,
    ),
)

IDENTIFICATION_MUTANTS = (*_IDENTIFICATION, *_UNATTENDED)
