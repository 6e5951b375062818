"use strict";
/* The clock of the page is the phone's: what it last said, and on the machine's clock the time that has passed since. */
function person(start) {
  const at = id => document.getElementById(id);
  const results = {
    "confirmed": "已支付 Paid", "declined": "已拒绝 Declined",
    "wrong-password": "密码错误 Wrong password", "not-answered": "已超时 Timed out"
  };
  const kinds = {"payment": "支付 payment", "refund": "退费 refund", "reversal": "冲正 reversal"};
  const whose = start.member ? {member: start.member} : {};
  const query = (more) => new URLSearchParams({channel: start.channel, kind: start.kind, ...whose, ...more});
  const base = "/people/" + start.person;
  let screen = start.screen, heard = performance.now(), code = start.code, fetching = false, retryAt = 0, typing = "";

  const now = () => screen.now_ms + (screen.runs ? performance.now() - heard : 0);
  const seconds = ms => Math.max(0, Math.ceil(ms / 1000));

  async function refresh(fresh) {
    if (fetching) return;
    fetching = true;
    try {
      const reply = await fetch(base + "/code.png?" + query({format: "both", fresh: fresh ? "1" : "0"}));
      if (!reply.ok) {
        const prompt = (await reply.json()).prompt;
        if (prompt.id === "member-not-bound") return gone(prompt);
        say(prompt);
        retryAt = performance.now() + 5000;
        return;
      }
      const ms = name => Number(BigInt(reply.headers.get(name)) / 1000000n);
      const picture = URL.createObjectURL(await reply.blob());
      URL.revokeObjectURL(at("code").src);
      at("code").src = picture;
      at("code").alt = reply.headers.get("x-code");
      code = {issued_ms: ms("x-issued-ns"), refresh_ms: ms("x-refresh-ns")};
      retryAt = 0;
      draw();
    } catch (error) {
      say({zh: "网络异常", en: "The phone does not answer."});
      retryAt = performance.now() + 5000;
    } finally {
      fetching = false;
    }
  }

  /* The binding has ended: nothing of the member stays on the page. */
  function gone(text) {
    code = null;
    typing = "";
    const why = document.createElement("div"), zh = document.createElement("b"), en = document.createElement("p");
    const back = document.createElement("a");
    why.className = "why";
    why.setAttribute("role", "alert");
    zh.textContent = text.zh;
    en.className = "en";
    en.textContent = text.en;
    back.className = "back";
    back.href = "?" + new URLSearchParams({channel: start.channel});
    back.textContent = "出示本人医保码 Show my own code";
    why.append(zh, en, back);
    at("screen").replaceChildren(why);
    for (const link of document.querySelectorAll("#family [aria-current]")) link.parentElement.remove();
    back.focus();
  }

  function say(text) {
    at("said").textContent = text ? text.zh + " " + text.en : "";
  }

  /* What waits for an answer: one's own prompt, then that of the member whose code is shown. */
  function asked() {
    const mine = screen.prompt, member = screen.member, theirs = member && member.prompt;
    if (mine.promptId && mine.expires_ms > now()) return mine;
    return theirs && theirs.promptId && theirs.expires_ms > now() ? {...theirs, member} : null;
  }

  function draw() {
    if (code) {
      const left = code.refresh_ms - now(), whole = code.refresh_ms - code.issued_ms;
      at("left").textContent = seconds(left) + " 秒后刷新 · refreshes in " + seconds(left) + " s";
      at("rest").style.width = Math.max(0, Math.min(100, 100 * left / whole)) + "%";
      if (left <= 0 && performance.now() >= retryAt) refresh(false);
    }
    const prompt = asked();
    at("sheet").hidden = !prompt;
    if (prompt) {
      if (typing !== prompt.promptId) {
        typing = prompt.promptId;
        at("password").value = "";
        say(null);
        at("for").textContent = prompt.member ? "为 " + prompt.member.name + " 支付 · for " + prompt.member.id : "";
        at("password").focus();
      }
      at("amount").textContent = prompt.amount;
      at("account").textContent = prompt.accountAmount;
      at("institution").textContent = prompt.institutionName;
      at("wait").textContent = seconds(prompt.expires_ms - now());
      at("more").textContent = prompt.waiting > 1 ? "另有 " + (prompt.waiting - 1) + " 笔 more" : "";
    }
  }

  function drawAccount() {
    const account = screen.member && screen.member.notices ? screen.member : screen;
    at("balance").textContent = account.balance;
    const rows = account.notices.map(notice => {
      const row = document.createElement("li"), what = document.createElement("span"), sum = document.createElement("span");
      what.textContent = notice.at;
      const id = document.createElement("small");
      id.className = "en";
      id.textContent = (kinds[notice.kind] || notice.kind) + " · " + notice.setlId;
      what.append(id);
      sum.className = "money";
      sum.textContent = notice.amount.startsWith("-") ? "+¥" + notice.amount.slice(1) : "-¥" + notice.amount;
      const rest = document.createElement("small");
      rest.className = "en";
      rest.textContent = "余额 balance ¥" + notice.balance;
      sum.append(rest);
      row.append(what, sum);
      return row;
    });
    if (!rows.length) {
      const none = document.createElement("li");
      none.textContent = "暂无 None yet";
      rows.push(none);
    }
    at("notices").replaceChildren(...rows);
    const bills = screen.bills[start.channel] || [];
    if (at("bills")) at("bills").textContent = bills.length ? bills.length + " 笔 · " + bills.length + " in all" : "暂无 None yet";
  }

  async function answer(content) {
    const prompt = asked();
    if (!prompt) return;
    const reply = await fetch(base + "/confirm", {
      method: "POST", headers: {"content-type": "application/json"},
      body: JSON.stringify({promptId: prompt.promptId, ...(prompt.member ? whose : {}), ...content})
    });
    const said = await reply.json();
    at("password").value = "";
    at("said").textContent = reply.ok ? (results[said.result] || said.result) : said.prompt.zh + " " + said.prompt.en;
  }

  at("sheet").addEventListener("submit", event => {
    event.preventDefault();
    answer({password: at("password").value});
  });
  at("decline").addEventListener("click", () => answer({decline: true}));
  at("channel").addEventListener("change", event => {
    location.search = "?" + new URLSearchParams({channel: event.target.value, kind: start.kind, ...whose});
  });
  for (const id of ["fresh", "again"]) {
    if (at(id)) at(id).addEventListener("click", () => code ? refresh(true) : location.reload());
  }
  const live = new EventSource(base + "/live?" + new URLSearchParams({channel: start.channel, ...whose}));
  live.onmessage = event => {
    screen = JSON.parse(event.data);
    heard = performance.now();
    if (code && screen.member && screen.member.why) gone(screen.member.why);
    draw();
    drawAccount();
  };
  drawAccount();
  draw();
  setInterval(draw, 250);
}
