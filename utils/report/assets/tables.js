// Lets the title of a column sort its table by click or key; aria-sort gives the order.

function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = head.querySelector("button.sort");
    if (!button) return;
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.hasAttribute("aria-sort") && other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const key = (row) => Number(row.cells[column].dataset.key);
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => (ascending ? 1 : -1) * (key(a) - key(b)) || a.dataset.sample - b.dataset.sample);
      table.tBodies[0].append(...rows);
    });
  });
}
