*** Settings ***
Documentation     Virtual scanner boxes of every command family, driven by SerialLibrary as any box on a serial port is.
...               Bytes are written in hex, as the families' manuals have them.
Library           SerialLibrary
Library           Process
Library           OperatingSystem
Library           Collections
Suite Setup       Draw A Code
Test Teardown     Take The Box Away

*** Variables ***
${DIGITS}         6201234567890123456789012345
${SCAN}           36 32 30 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 0D

*** Test Cases ***
Newland
    Connect A Box    newland
    Ask    7E 01 30 30 30 30 23 53 43 4E 54 52 47 31 3B 03
    ...    02 01 30 30 30 30 23 53 43 4E 54 52 47 31 06 3B 03 ${SCAN}
    Ask    01 54 04    ${SCAN}

Honeywell
    Connect A Box    honeywell
    Ask    16 54 0D    ${SCAN}
    Ask    16 4D 0D 51 51 51 51 51 51 31 21    51 51 51 51 51 51 31 05 21

Mindeo
    Connect A Box    mindeo
    Ask    16 4D 0D 30 34 30 31 44 30 35 2E    30 34 30 31 44 30 35 06
    Ask    16 54 0D    ${SCAN}

SSI
    Connect A Box    ssi
    Ask    04 E4 04 00 FF 14    04 D0 00 00 FF 2C ${SCAN}
    Ask    04 E9 04 00 FF 10    05 D1 00 00 01 FF 29

Register
    Connect A Box    register
    Ask    7E 00 08 01 00 02 01 AB CD    02 00 00 01 00 33 31 ${SCAN}

Letters
    Connect A Box    letters
    Ask    54    ${SCAN}

Over TCP
    Connect A Box    newland    tcp
    Ask    01 54 04    ${SCAN}

*** Keywords ***
Draw A Code
    ${folder} =    Evaluate    tempfile.mkdtemp(prefix='liantiao-robot-')    modules=tempfile
    Set Suite Variable    ${PICTURE}    ${folder}${/}code.png
    Evaluate    qrcode.make($DIGITS).save($PICTURE)    modules=qrcode

Connect A Box
    [Documentation]    A virtual box of a family with the code before it, and its port.
    [Arguments]    ${family}    ${line}=pty
    ${python} =    Evaluate    sys.executable    modules=sys
    ${box} =    Start Process    ${python}    -m    harness    simulate    scanner    --family    ${family}
    ...    --at    ${line}    --mode    host    --show    ${PICTURE}
    ${process} =    Get Process Object    ${box}
    ${ready} =    Evaluate    json.loads($process.stdout.readline())    modules=json
    ${port} =    Evaluate    $ready['at'].replace('serial:', '').replace('tcp:', 'socket://')
    Add Port    ${port}    baudrate=${9600}    timeout=${5}

Ask
    [Documentation]    Send bytes; exactly these come back.
    [Arguments]    ${asked}    ${answered}
    Write Data    ${asked}
    ${size} =    Evaluate    len($answered.split())
    ${seen} =    Read N Bytes    ${size}
    Should Be Equal    ${seen}    ${answered}

Take The Box Away
    Delete All Ports
    Terminate All Processes
