"""Known defects of a hospital's counter: one member of the right behaviour replaced."""

from dataclasses import replace

from simulators.his.behaviour import Behaviour, OnUnknownUpload, PartRefund, RefundBy
from simulators.his.mutant import Mutant

RIGHT = Behaviour()
HOSPITAL = ("hospital",)

_REGISTRATION = (
    Mutant(
        name="lock-never-released",
        english="a slot that was locked and never paid stays locked for ever",
        chinese="锁号超时未支付不释放号源",
        shown_by="after the lock's life the slot is still slot-taken for others, or free counts one too few",
        behaviour=replace(RIGHT, frees_expired_locks=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="registers-on-expired-lock",
        english="an expired lock is still paid for",
        chinese="锁号失效后仍可挂号支付",
        shown_by="register after the lock's life: scan-please and 2201 instead of lock-expired",
        behaviour=replace(RIGHT, heeds_lock=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="slot-locked-twice",
        english="a slot is given to more people than it has places",
        chinese="同一号源重复锁定，超出号源数",
        shown_by="a lock of a full slot is accepted instead of slot-taken",
        behaviour=replace(RIGHT, counts_locks=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="slot-kept-after-refund",
        english="the slot of a refunded registration is not given out again",
        chinese="退号后号源不释放",
        shown_by="after the refund the slot is slot-taken, or free counts one too few",
        behaviour=replace(RIGHT, frees_refunded_slots=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="online-refund-on-the-day",
        english="a registration is refunded online on the day of the visit or after it",
        chinese="就诊当日仍可线上退号",
        shown_by="refund with way online on the slot's day: 2208 instead of refund-at-window",
        behaviour=replace(RIGHT, refunds_online_before_the_day_only=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="refunds-twice",
        english="what was refunded is sent for refund again",
        chinese="已退费的单据可再次退费",
        shown_by="a second refund of an order sends 2208 or 2305 for a setl_id that was undone already",
        behaviour=replace(RIGHT, refunds_once=False),
        kinds=HOSPITAL,
    ),
)

_OUTPATIENT = (
    Mutant(
        name="shows-anothers-records",
        english="records to pay of other people are shown",
        chinese="待缴费查询返回他人的记录",
        shown_by="pending answers records of a visit whose psn_no is not the identified person's",
        behaviour=replace(RIGHT, pending_of_own=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="pays-anothers-record",
        english="a record is settled with whoever stands there",
        chinese="不核对缴费人，用他人凭证结算",
        shown_by="pay by another person: 2203 and 2204 instead of not-theirs",
        behaviour=replace(RIGHT, pays_own_only=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="silent-when-nothing-pending",
        english="somebody without a record to pay is told nothing",
        chinese="没有待缴费记录时不提示",
        shown_by="pending answers accepted with no record instead of refused with a prompt (没有待缴费记录)",
        behaviour=replace(RIGHT, tells_nothing_pending=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="detail-number-reused",
        english="feedetl_sn begins anew with every upload",
        chinese="费用明细流水号在同一就诊中重复使用",
        shown_by="a feedetl_sn that an earlier upload of the same mdtrt_id had",
        behaviour=replace(RIGHT, detail_number=lambda _order, _upload, line: f"{line:03d}"),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="uploads-all-but-last",
        english="the last line is not uploaded, and the whole is settled",
        chinese="漏传最后一条明细即结算",
        shown_by="medfee_sumamt of 2206 is not the sum of the batch's details",
        behaviour=replace(RIGHT, uploaded=lambda count: max(1, count - 1)),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="scope-amounts-zero",
        english="the four amounts of scope are sent as zero",
        chinese="结算时四个费用范围金额填零",
        shown_by="fulamt_ownpay_amt and the others of 2207 and 2304 are not the sums of result[] of the uploads",
        behaviour=replace(RIGHT, scope=lambda _: 0),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="skips-visit-data",
        english="the visit is settled without its data and diagnosis (2203)",
        chinese="不上传就诊信息即结算",
        shown_by="2206 and 2207 of a visit without a 2203 before them",
        behaviour=replace(RIGHT, sends_visit_data=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="part-refund-without-undoing",
        english="a partial refund does not undo the old settlement",
        chinese="部分退费不撤销原结算",
        shown_by="after refund-part 2205 or 2204 of the order without a 2208 of its settlement before it",
        behaviour=replace(RIGHT, part_refund=PartRefund.WITHOUT_UNDOING),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="part-refund-leaves-details",
        english="a partial refund does not withdraw the old details",
        chinese="部分退费不撤销原明细",
        shown_by="2208, then 2204 of the same batch without a 2205 between",
        behaviour=replace(RIGHT, part_refund=PartRefund.WITHOUT_WITHDRAWING),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="part-refund-by-negative-lines",
        english="a partial refund uploads lines below zero beside the old ones",
        chinese="门诊部分退费上传负数明细",
        shown_by="2204 with cnt or det_item_fee_sumamt below zero",
        behaviour=replace(RIGHT, part_refund=PartRefund.NEGATIVE_LINES),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="refunds-by-reversal",
        english="a refund is sent as a reversal (2601) of the settlement",
        chinese="退费用冲正交易代替结算撤销",
        shown_by="2601 of a message whose answer was there, and no 2208 or 2305",
        behaviour=replace(RIGHT, refund_by=RefundBy.REVERSAL),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="books-forget-part-refund",
        english="a partial refund is not booked: the old settlement stands in the books",
        chinese="部分退费后账面仍为原结算",
        shown_by="books: both settlements of the order are settled; the platform has the first one undone",
        behaviour=replace(RIGHT, books_part_refunds=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="wrong-kind-of-visit",
        english="med_type is that of an emergency, whatever the visit is",
        chinese="医疗类别填错（普通门诊填急诊，普通住院填急诊转住院）",
        shown_by="med_type 13 for an ordinary visit, 24 for an ordinary stay",
        behaviour=replace(RIGHT, med_type=lambda code: {"11": "13", "21": "24"}[code]),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="leaves-failed-visit",
        english="what a failed registration or payment uploaded is left at the platform",
        chinese="挂号或缴费失败后不撤销已上传的就诊和明细",
        shown_by="a refusal after 2201 or 2204 without 2205 and 2202 after it",
        behaviour=replace(RIGHT, cleans_up=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="uploads-again-on-lost-reply",
        english="an upload without an answer is sent again as it is",
        chinese="明细上传无应答时直接重传",
        shown_by="a second 2204 or 2301 with the same feedetl_sn without a 2205 or 2302 between",
        behaviour=replace(RIGHT, on_unknown_upload=OnUnknownUpload.UPLOAD_AGAIN),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="insured-place-missing",
        english="the insured place is left out of the envelope",
        chinese="报文缺少参保地",
        shown_by="insuplc_admdvs empty in a message with a psn_no",
        behaviour=replace(RIGHT, insuplc=lambda _: ""),
        kinds=HOSPITAL,
    ),
)

_INPATIENT = (
    Mutant(
        name="admission-token-reused",
        english="a stay is settled with the token of its admission",
        chinese="出院结算沿用入院时的凭证令牌",
        shown_by="2303 and 2304 carry the mdtrt_cert_no of the 2401, and nobody was asked for a code",
        behaviour=replace(RIGHT, identifies_anew=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="settles-before-discharge",
        english="a stay is settled before its discharge, and not as an interim settlement",
        chinese="未办理出院即结算",
        shown_by="2303 or 2304 with mid_setl_flag 0 and no 2402 before it",
        behaviour=replace(RIGHT, settles_after_discharge=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="cancels-with-fees",
        english="an admission is cancelled without withdrawing its fees",
        chinese="未撤销住院费用即取消入院",
        shown_by="2404 of a stay with details, without a 2302 before it",
        behaviour=replace(RIGHT, withdraws_before_cancelling=False),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="stay-refund-without-setl-id",
        english="2305 does not say which settlement it takes back",
        chinese="住院结算撤销不填结算编号",
        shown_by="setl_id of 2305 is empty",
        behaviour=replace(RIGHT, named_refund=lambda infno, setl_id: "" if infno == "2304" else setl_id),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="returns-above-zero",
        english="a return at the ward is uploaded with count and amount above zero",
        chinese="住院退费明细数量、金额填正数",
        shown_by="2301 with init_feedetl_sn and a cnt above zero",
        behaviour=replace(
            RIGHT, as_returned=lambda quantity, fen: (quantity.lstrip("-"), f"{abs(fen) // 100}.{abs(fen) % 100:02d}")
        ),
        kinds=HOSPITAL,
    ),
    Mutant(
        name="unknown-admission-as-refused",
        english="an admission without an answer counts as refused; nobody reverses it",
        chinese="入院登记超时当作失败，不冲正",
        shown_by="2401 done and its reply lost: no 2601 follows, the person stays in hospital",
        behaviour=replace(RIGHT, reverses_admissions=False),
        kinds=HOSPITAL,
    ),
)

HOSPITAL_MUTANTS = (*_REGISTRATION, *_OUTPATIENT, *_INPATIENT)
