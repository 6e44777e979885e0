// Runs inside Thunderbird, with the privileges of Thunderbird. It does the steps of the account
// setup after an address was typed, with the same modules
// (chrome://messenger/content/accountcreation/views/email.mjs), and returns the account. The
// account is then removed.

const [address, realName, password, searchPassword, trusted, done] = arguments;

const { FindConfig } = ChromeUtils.importESModule(
  "resource:///modules/accountcreation/FindConfig.sys.mjs"
);
const { AccountConfig } = ChromeUtils.importESModule(
  "resource:///modules/accountcreation/AccountConfig.sys.mjs"
);
const { CreateInBackend } = ChromeUtils.importESModule(
  "resource:///modules/accountcreation/CreateInBackend.sys.mjs"
);
async function find() {
  const stream = FindConfig.parallelAutoDiscovery(
    address.split("@")[1],
    address,
    new AbortController().signal,
    searchPassword || undefined
  );
  let step = await stream.next();
  while (!step.done) {
    step = await stream.next({ acceptRedirect: step.value.host == trusted });
  }
  return step.value;
}

async function setUp() {
  const config = await find();
  if (!config) {
    return null;
  }
  FindConfig.ewsifyConfig(config);
  AccountConfig.replaceVariables(config, realName, address, password);
  const account = await CreateInBackend.createAccountInBackend(config);
  return {
    ...heldThenRemoved(account),
    source: config.subSource,
    alternatives: config.incomingAlternatives.map(
      ({ type, hostname, port }) => `${type} ${hostname}${port ? `:${port}` : ""}`
    ),
  };
}

setUp().then(
  result => done({ result }),
  error => done({ error: `${error}\n${error.stack}` })
);
