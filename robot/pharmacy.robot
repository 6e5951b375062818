*** Settings ***
Documentation     Purchases by e-voucher at a pharmacy's counter.
Resource          pharmacy.resource
Suite Setup       Open Bench    ${BENCH}    ${ADAPTER}    ${SEED}
Suite Teardown    Close Bench
Test Teardown     Finish

*** Test Cases ***
A Good Purchase
    Begin Case    a good purchase    GS-PHARMACY    NX-ORIGINAL-SETTLEMENT-PATH
    Sign In
    Buy Basket    A0001
    Outcome Should Be    accepted
    Books Should Agree On    ${DAY}

The Code Expires
    Begin Case    the code expires    GS-DYNAMIC-QR
    Sign In
    Buy Basket After Waiting    A0001    seconds=61
    Outcome Should Be Refused Because    code-expired
    Buy Basket    A0002
    Outcome Should Be    accepted

A Code Is Used Twice
    Begin Case    a code is used twice    GS-DYNAMIC-QR    QH-FUND-SAFETY
    Sign In
    Buy Basket    A0001
    Outcome Should Be    accepted
    Buy Basket With Kept Code    A0002
    Outcome Should Be Refused Because    code-used

The Wrong Password
    Begin Case    the wrong password    GS-PHARMACY
    Sign In
    Buy Basket    A0001    answer=wrong-password
    Outcome Should Be Refused Because    wrong-password

The Reply Of The Settlement Is Lost
    Begin Case    the reply of the settlement is lost    QH-FUND-SAFETY
    Sign In
    Disturb    platform    2102    lose-reply
    Buy Basket    A0001
    Outcome Should Be    accepted    refused
    Buy Basket    A0002    person=P009
    Outcome Should Be    accepted
    Books Should Agree On    ${DAY}

A Refund, And A Second One
    Begin Case    a refund and a second one    QH-CLEARING
    Sign In
    Buy Basket    A0001
    Refund Order    A0001
    Outcome Should Be    accepted
    Refund Order    A0001
    Outcome Should Be Refused Because    already-refunded
    Books Should Agree On    ${DAY}
