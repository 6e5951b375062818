"use strict";
/* Draws a person's bills of one channel, and again whenever the phone tells of another. */
function bills(start) {
  const at = id => document.getElementById(id);
  const kinds = {payment: ["医保支付", "Paid"], refund: ["退款", "Refund"], reversal: ["冲正", "Reversal"]};
  const bag = '<path d="M5 8h14l1 12H4zM9 8V7a3 3 0 0 1 6 0v1M12 11v6M9 14h6"/>', back = '<path d="M9 7L4 12l5 5M4 12h11a5 5 0 0 1 0 10"/>';
  const open = new Set();

  function part(name, className, ...content) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...content);
    return made;
  }

  /* Amounts stay texts of yuan; sums are of whole fen. */
  const fen = yuan => Number(yuan.replace(".", ""));
  const yuan = fen => (fen < 0 ? "-" : "") + "¥" + Math.trunc(Math.abs(fen) / 100) + "." + String(Math.abs(fen) % 100).padStart(2, "0");
  const signed = amount => amount.startsWith("-") ? "+¥" + amount.slice(1) : "-¥" + amount;
  const plain = amount => amount.startsWith("-") ? "-¥" + amount.slice(1) : "¥" + amount;

  function icon(paths) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    made.setAttribute("viewBox", "0 0 24 24");
    made.innerHTML = paths;
    return part("span", "mark", made);
  }

  function parts(bill) {
    const rows = [
      ["基金支付", "Fund", plain(bill.fund)], ["个人账户支付", "Account", plain(bill.account)],
      ["个人自付", "Own pay", plain(bill.own)], ["总金额", "Total", plain(bill.total), "whole"],
      ["时间", "Time", bill.at], ["结算编号", "Settlement", bill.setlId, "number"]
    ];
    if (bill.reverses) rows.push(["原结算", "Takes back", bill.reverses, "number"]);
    return part("dl", "", ...rows.flatMap(([zh, en, value, mark]) => [
      part("dt", mark === "whole" ? mark : "", zh + " ", part("span", "en", en)), part("dd", mark || "", value)
    ]));
  }

  function line(bill, place) {
    const gone = bill.total.startsWith("-"), [zh, en] = kinds[bill.kind];
    const chip = bill.undone ? part("span", "chip", "已退回 taken back") : part("span", "chip", zh + " " + en);
    const made = part("details", (gone ? "back " : "") + (bill.undone ? "undone" : ""),
      part("summary", "", icon(gone ? back : bag),
        part("span", "what", part("b", "", bill.institutionName), part("small", "", bill.at)),
        part("span", "sum", part("span", "money", signed(bill.total)), chip)),
      parts(bill));
    const name = bill.setlId + "/" + place;
    made.open = open.has(name);
    made.addEventListener("toggle", () => made.open ? open.add(name) : open.delete(name));
    return made;
  }

  function draw(screen) {
    const all = screen.bills[start.channel] || [], amounts = all.map(bill => fen(bill.total));
    at("paid").textContent = yuan(amounts.filter(amount => amount > 0).reduce((sum, amount) => sum + amount, 0));
    at("back").textContent = yuan(-amounts.filter(amount => amount < 0).reduce((sum, amount) => sum + amount, 0));
    at("count").textContent = all.length;
    at("bills").replaceChildren(...(all.length ? all.map((bill, n) => line(bill, all.length - n))
      : [part("p", "none", "暂无账单 No bills yet")]));
  }

  open.add(((start.screen.bills[start.channel] || [])[0] || {}).setlId + "/" + (start.screen.bills[start.channel] || []).length);
  const live = new EventSource("/people/" + start.person + "/live");
  live.onmessage = event => draw(JSON.parse(event.data));
  draw(start.screen);
}
