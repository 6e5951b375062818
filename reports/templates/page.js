"use strict";
(function () {
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  async function unfold(box) {
    const packed = box.querySelector("template[data-packed]");
    if (!packed || !("DecompressionStream" in window)) return;
    const place = packed.parentElement;
    packed.remove();
    const bytes = Uint8Array.from(atob(packed.content.textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    place.innerHTML = await new Response(stream).text();
  }

  async function reveal() {
    const name = decodeURIComponent(location.hash.slice(1));
    const box = name && document.getElementById(name.split("-")[0]);
    if (box) await unfold(box);
    const target = name && document.getElementById(name);
    if (!target) return;
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    target.scrollIntoView({ block: "center" });
  }
  document.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.matches("details.case")) unfold(event.target);
  }, true);
  all("details.case[open]").forEach(unfold);
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) reveal();
  });
  reveal();

  all("[data-open]").forEach((button) =>
    button.addEventListener("click", () =>
      all("details.case").forEach((d) => (d.open = button.dataset.open === "yes"))));

  addEventListener("beforeprint", () => all("details.case.not-passed, details.case.not-passed > details.draw")
    .forEach((d) => (d.open = true)));

  all("table.sortable").forEach((table) => {
    const body = table.tBodies[0];
    all("th", table).forEach((head, column) => {
      head.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        all("th", table).forEach((h) => h.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (row) => row.cells[column].dataset.key || row.cells[column].textContent.trim();
        const rows = all("tr", body).sort((a, b) =>
          key(a).localeCompare(key(b), undefined, { numeric: true }) * (down ? -1 : 1));
        body.append(...rows);
      });
    });
  });

  const text = document.getElementById("filter-text"), verdict = document.getElementById("filter-verdict");
  if (text && verdict) {
    const filter = () => {
      const wanted = text.value.trim().toLowerCase();
      all("[data-case]").forEach((e) => {
        e.hidden = (verdict.value && e.dataset.verdict !== verdict.value) ||
          !e.dataset.case.toLowerCase().includes(wanted);
      });
    };
    text.addEventListener("input", filter);
    verdict.addEventListener("change", filter);
  }
  document.documentElement.classList.add("js");
})();
