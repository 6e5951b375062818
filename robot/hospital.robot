*** Settings ***
Documentation     Registration, outpatient fees and a stay at a hospital, by e-voucher, ID card and face.
Resource          hospital.resource
Suite Setup       Open Bench    ${BENCH}    ${ADAPTER}    ${SEED}
Suite Teardown    Close Bench
Test Teardown     Finish

*** Test Cases ***
A Registration
    Begin Case    a registration    MY-OUTPATIENT-REGISTER
    Sign In
    Register    R0001
    Outcome Should Be    accepted
    Books Should Agree On    ${DAY}

A Lock That Is Not Paid
    Begin Case    a lock that is not paid    MY-OUTPATIENT-REGISTER
    Sign In
    Lock Slot    R0001
    Time Passes    901
    Pay Slot    R0001
    Outcome Should Be Refused Because    lock-expired

A Registration For Today Is Refunded At The Window Only
    Begin Case    refunded at the window only    MY-OUTPATIENT-REFUND
    Sign In
    Register    R0001    in_days=0
    Refund Registration    R0001    online
    Outcome Should Be Refused Because    refund-at-window
    Refund Registration    R0001    window
    Outcome Should Be    accepted
    Books Should Agree On    ${DAY}

Fees Are Paid By ID Card At A Machine
    Begin Case    fees by id card    QH-ID-CARD-PAY    MY-OUTPATIENT-PAY    QH-UNATTENDED
    Sign In
    Patient Is    by=id-card    way=self-service
    Register    R0001    in_days=0
    Ask What Is Pending
    Outcome Should Be Refused Because    nothing-pending
    Doctor Orders    F0001    visit=R0001
    Pay Fees    F0001
    Outcome Should Be    accepted
    Books Should Agree On    ${DAY}

Somebody Else's Face
    Begin Case    somebody else's face    QH-FACE
    Sign In
    Patient Is    by=face    shows=P008
    Register    R0001
    Outcome Should Be Refused Because    face-mismatch

Part Of The Fees Is Refunded
    Begin Case    part of the fees is refunded    QH-FUND-SAFETY
    Sign In
    Register    R0001    in_days=0
    Doctor Orders    F0001    visit=R0001
    Pay Fees    F0001
    Refund All But    F0001    0    1
    Outcome Should Be    accepted
    Books Should Agree On    ${DAY}

A Stay
    Begin Case    a stay    GS-INPATIENT
    Sign In
    Admit    I0001
    Charge Stay    I0001
    Settle Stay    I0001
    Outcome Should Be Refused Because    not-discharged
    Discharge    I0001
    Settle Stay    I0001
    Outcome Should Be    accepted
    Books Should Agree On    ${DAY}

The Reply Of The Settlement Is Lost
    Begin Case    the reply of the settlement is lost    QH-FUND-SAFETY
    Sign In
    Disturb    platform    2207    lose-reply
    Register    R0001
    Outcome Should Be    accepted    refused
    Patient Is    P008
    Register    R0002
    Outcome Should Be    accepted
    Books Should Agree On    ${DAY}
