// Runs inside Thunderbird, with the privileges of Thunderbird. It searches for address books and
// calendars as the account setup does after the login, with the same modules and at the
// same URLs (chrome://messenger/content/accountcreation/views/email.mjs).

const [address, password, incomingHost, done] = arguments;

const { RemoteAddressBookUtils } = ChromeUtils.importESModule(
  "resource:///modules/accountcreation/RemoteAddressBookUtils.sys.mjs"
);
const { cal } = ChromeUtils.importESModule(
  "resource:///modules/calendar/calUtils.sys.mjs"
);

function places() {
  const domain = address.split("@")[1];
  const site = host => Services.eTLD.getSchemelessSiteFromHost(host);
  return incomingHost != domain && site(incomingHost) == site(domain)
    ? [domain, incomingHost]
    : [domain];
}

async function first(look) {
  for (const place of places().map(host => `https://${host}`)) {
    try {
      const found = await look(place);
      if (found.length) {
        return Object.fromEntries(found);
      }
    } catch (error) {
      console.warn(`${place}: ${error}`);
    }
  }
  return {};
}

async function look() {
  const books = await first(async place => {
    const found = await RemoteAddressBookUtils.getAddressBooksForAccount(
      address,
      password,
      place
    );
    return found.map(book => [book.name, book.url.href]);
  });
  const calendars = await first(async place => {
    const found = await cal.provider.detection.detect(
      address,
      password,
      place,
      false,
      [],
      {}
    );
    return [...found.values()]
      .flat()
      .map(calendar => [calendar.name, calendar.uri.spec]);
  });
  return { books, calendars };
}

look().then(
  result => done({ result }),
  error => done({ error: `${error}\n${error.stack}` })
);
