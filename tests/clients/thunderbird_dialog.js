// Runs inside Thunderbird, with the privileges of Thunderbird. It opens the dialog that sets up
// accounts, types what a user would type, and presses the button to continue until Thunderbird has
// logged in to the IMAP server and created the account, which is then removed.

const [address, realName, password, done] = arguments;

const window = Services.wm.getMostRecentWindow("mail:3pane");

async function until(what, ready) {
  const end = Date.now() + 100000;
  while (Date.now() < end) {
    const result = ready();
    if (result) {
      return result;
    }
    await new Promise(resolve => window.setTimeout(resolve, 50));
  }
  throw new Error(`timed out waiting for ${what}`);
}

function type(input, text) {
  input.value = text;
  input.dispatchEvent(new window.Event("input", { bubbles: true }));
}

function accountOf(emailAddress) {
  return MailServices.accounts.accounts.find(
    account => account.defaultIdentity?.email == emailAddress
  );
}

async function setUp() {
  await window.openAccountHub("MAIL");
  const { modal } = window.document.querySelector("account-hub-container");
  const email = modal.querySelector("account-hub-email");
  await email.ready;
  const shown = selector =>
    until(selector, () => {
      const found = email.querySelector(selector);
      return found?.checkVisibility() && found;
    });
  const goOn = async () => {
    const button = await until("the button", () => {
      const found = email.querySelector("#emailFooter #forward");
      return found && !found.hidden && !found.disabled && found;
    });
    button.click();
  };

  type(await shown("#realName"), realName);
  type(await shown("#email"), address);
  await goOn();
  await shown("#incomingHost");
  await goOn();
  type(await shown("#password"), password);
  await goOn();
  const account = await until("the account", () => accountOf(address));
  await shown(
    "#emailSyncAccountsSubview:not([hidden]), #emailAddedSuccessSubview:not([hidden])"
  );
  const held = heldThenRemoved(account);
  const offered = [
    ...email.querySelectorAll(
      "#emailSyncAccountsSubview :is(.address-book-input, .calendar-input)"
    ),
  ].map(input => input.closest("label").textContent.trim());
  await email.reset();
  modal.close();
  return { ...held, source: "dialog", alternatives: [], offered };
}

setUp().then(
  result => done({ result }),
  error => done({ error: `${error}\n${error.stack}` })
);
