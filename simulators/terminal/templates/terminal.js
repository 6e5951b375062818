"use strict";
/* Draws what the terminal last told; on the machine's clock the time goes on by itself in between. */
function terminal(start) {
  const at = id => document.getElementById(id);
  const pictures = {
    "id-card": '<rect x="6" y="16" width="52" height="34" rx="4"/><circle cx="22" cy="30" r="5"/><path d="M14 42c2-5 14-5 16 0M38 27h13M38 35h13M38 42h8"/>',
    "card": '<rect x="6" y="16" width="52" height="34" rx="4"/><rect x="13" y="25" width="13" height="11" rx="2"/><path d="M13 44h22M46 24v10"/>',
    "face": '<circle cx="32" cy="30" r="15"/><path d="M8 18V8h10M46 8h10v10M56 46v10H46M18 56H8V46M26 28v2M38 28v2M26 37c4 3 8 3 12 0"/>',
    "code": '<path d="M8 8h18v18H8zM38 8h18v18H38zM8 38h18v18H8zM14 14h6v6h-6zM44 14h6v6h-6zM14 44h6v6h-6zM38 38h6v6M50 38h6M38 50v6h8M56 48v8"/>',
    "idle": '<path d="M32 8l20 8v15c0 13-9 21-20 25-11-4-20-12-20-25V16zM32 22v18M23 31h18"/>'
  };
  const texts = {
    "id-card": ["请将身份证放在读卡区", "Put your identity card on the reader"],
    "card": ["请插入社会保障卡", "Put your social-insurance card in"],
    "face": ["请正视摄像头", "Look into the camera"],
    "code": ["请出示医保码", "Show your voucher code"],
    "idle": ["欢迎使用医保服务", "Welcome"]
  };
  let shown = start, heard = performance.now(), keys = "", asked = "";
  const now = () => shown.now_ms + (shown.runs ? performance.now() - heard : 0);

  function part(name, className, ...content) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...content);
    return made;
  }

  function picture(name) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    made.setAttribute("viewBox", "0 0 64 64");
    made.innerHTML = pictures[name];
    return made;
  }

  function table(rows) {
    return part("dl", "", ...rows.flatMap(([zh, en, value]) => [
      part("dt", "", zh + " ", part("span", "en", en)), part("dd", "", value)
    ]));
  }

  function question(pad) {
    const dots = part("div", "dots", ...[0, 1, 2, 3, 4, 5].map(n => part("i", n < keys.length ? "on" : "")));
    const left = Math.max(0, Math.ceil((pad.until_ms - now()) / 1000));
    const time = part("span", "en", "剩余 " + left + " 秒 · " + left + " s left");
    if (pad.what === "card-pin") {
      return [part("p", "big", "请输入社会保障卡密码"), part("p", "en", "Password of the social-insurance card"),
              part("p", "", pad.who + " " + pad.number), dots, time];
    }
    return [part("p", "", "支付确认 ", part("span", "en", "Confirm the payment")), part("p", "sum", "¥" + pad.amount),
            table([["收款方", "To", pad.to], ["个人账户", "Account", "¥" + pad.account], ["证件", "ID card", pad.number]]),
            part("p", "", "请输入电子凭证密码 ", part("span", "en", "Voucher password")), dots, time];
  }

  function result(done) {
    return [part("p", "big " + (done.succeeded ? "good" : "bad"), done.succeeded ? "结算成功" : "结算失败"),
            part("p", "en", done.succeeded ? "The payment is made" : "The payment was not made"),
            part("p", "sum", "¥" + done.total),
            table([["参保人", "Insured", done.who],
                   ...(done.medical ? [["医保支付", "Insurance", "¥" + done.medical]]
                     : [["基金支付", "Fund", "¥" + done.fund], ["个人账户", "Account", "¥" + done.account]]),
                   ["个人现金", "Cash", "¥" + done.own]])];
  }

  function prompt(name) {
    return [picture(name), part("p", "big", texts[name][0]), part("p", "en", texts[name][1])];
  }

  function draw() {
    const pad = shown.keypad.what && shown.keypad.until_ms > now() ? shown.keypad : null;
    const name = pad ? pad.what + pad.until_ms : "";
    if (name !== asked) { asked = name; keys = ""; }
    const wanted = shown.asked[0];
    at("stage").replaceChildren(...(pad ? question(pad) : wanted ? prompt(wanted)
      : shown.result.total ? result(shown.result) : prompt("idle")));
    at("foot").replaceChildren(shown.said.zh + " ", part("span", "en", shown.said.en));
    at("camera").className = "camera" + (shown.asked.includes("face") ? " on" : "");
    for (const slot of ["id-card", "card", "code"]) {
      at("slot-" + slot).className = "slot" + (shown.asked.includes(slot) ? " on" : "")
        + (slot === "card" && shown.card_in ? " in" : "");
    }
  }

  async function send(path, content) {
    const reply = await fetch(path, {
      method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(content)
    });
    const said = await reply.json();
    at("heard").textContent = reply.ok ? "" : said.prompt ? said.prompt.zh + " " + said.prompt.en : said.error;
  }

  at("keys").addEventListener("click", event => {
    const key = event.target.dataset.key;
    if (key && asked && keys.length < 6) { keys += key; draw(); }
  });
  at("enter").addEventListener("click", () => { const typed = keys; keys = ""; draw(); send("/keypad", {password: typed}); });
  at("cancel").addEventListener("click", () => keys ? (keys = "", draw()) : send("/cancel", {}));
  at("pull").addEventListener("click", () => send("/pull", {}));
  for (const button of document.querySelectorAll("[data-what]")) {
    button.addEventListener("click", () => {
      const what = button.dataset.what, how = what === "face" ? {} : {how: at("how").value};
      send("/present", {what: what, person: at("person").value, ...how});
    });
  }
  const live = new EventSource("/live");
  live.onmessage = event => { shown = JSON.parse(event.data); heard = performance.now(); draw(); };
  draw();
  setInterval(draw, 250);
}
