"use strict";

// Times in the zone of the browser, with its name. The labels of a chart share one name.
const showTimes = (part) => {
  const day = { month: "short", day: "numeric" };
  const hour = { hour: "2-digit", minute: "2-digit" };
  const full = { year: "numeric", ...day, ...hour, timeZoneName: "short" };
  const formats = Object.fromEntries(
    Object.entries({ full, day, hour }).map(([key, options]) => [key, new Intl.DateTimeFormat(document.documentElement.lang, options)]),
  );
  for (const time of part.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    time.textContent = formats.full.format(new Date(time.dateTime));
  }
  for (const label of part.querySelectorAll("[data-time]")) {
    label.textContent = formats[label.dataset.form].format(new Date(label.dataset.time));
  }
  for (const zone of part.querySelectorAll("[data-zone]")) {
    const parts = formats.full.formatToParts(new Date(zone.dataset.zone));
    zone.textContent = parts.find((one) => one.type === "timeZoneName").value;
  }
};

// Copy buttons are shown only where they work.
const showCopyButtons = (part) => {
  if (!navigator.clipboard) return;
  for (const button of part.querySelectorAll("[data-copy]")) {
    const label = button.textContent;
    const said = document.getElementById("said");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
      } catch {
        getSelection().selectAllChildren(button.previousElementSibling);
        return;
      }
      button.textContent = said.textContent = button.dataset.done;
      setTimeout(() => {
        button.textContent = label;
        said.textContent = "";
      }, 2000);
    });
  }
};

// A search form shows its results while its user types.
const searchAsYouType = (form) => {
  const results = document.getElementById(form.dataset.results);
  let timer = 0;
  let running = new AbortController();
  const search = async () => {
    running.abort();
    running = new AbortController();
    const address = new URL(form.action);
    address.search = new URLSearchParams(new FormData(form)).toString();
    try {
      const answer = await fetch(address, { signal: running.signal });
      if (!answer.ok) return form.submit();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.getElementById(results.id);
      if (!found) return form.submit();
      results.replaceChildren(...found.childNodes);
      history.replaceState(null, "", address);
      improve(results);
      const status = results.querySelector("[data-said]");
      if (status) document.getElementById("said").textContent = status.textContent;
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 150);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    search();
  });
};

// One box selects all rows of a table.
const selectAll = (part) => {
  for (const box of part.querySelectorAll("[data-all]")) {
    box.hidden = false;
    box.addEventListener("change", () => {
      for (const one of document.querySelectorAll(`input[name="${box.dataset.all}"]`)) one.checked = box.checked;
    });
  }
};

// A button that starts something long cannot be pressed twice, and says that it works.
const showProgress = (part) => {
  for (const form of part.querySelectorAll("form[data-busy]")) {
    form.addEventListener("submit", (event) => {
      const button = form.querySelector("button:not([formnovalidate])");
      if (event.submitter && event.submitter !== button) {
        return;
      }
      document.getElementById("said").textContent = form.dataset.busy;
      setTimeout(() => {
        button.disabled = true;
        button.textContent = form.dataset.busy;
      });
    });
  }
};

// A color can be chosen, and typed as before.
const chooseColors = (part) => {
  for (const chooser of part.querySelectorAll("input[data-color]")) {
    const text = document.getElementById(chooser.dataset.color);
    const show = () => {
      const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.value.trim() || text.placeholder)?.[1];
      if (digits) chooser.value = `#${digits.length === 3 ? digits.replace(/./g, "$&$&") : digits}`;
    };
    chooser.hidden = false;
    chooser.addEventListener("input", () => {
      text.value = chooser.value;
    });
    text.addEventListener("input", show);
    show();
  }
};

const improve = (part) => {
  chooseColors(part);
  showTimes(part);
  showCopyButtons(part);
  selectAll(part);
  showProgress(part);
};

improve(document);
for (const form of document.querySelectorAll("form[data-results]")) searchAsYouType(form);
const failure = document.getElementById("failure");
if (failure) {
  failure.tabIndex = -1;
  failure.focus();
}
