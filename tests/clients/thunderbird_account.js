// Runs inside Thunderbird, before one of the other scripts: reads and removes an account.

const { MailServices } = ChromeUtils.importESModule(
  "resource:///modules/MailServices.sys.mjs"
);

const { InputSanitizer } = ChromeUtils.importESModule(
  "resource:///modules/accountcreation/InputSanitizer.sys.mjs"
);

// Thunderbird waits for each answer of its search only 5 or 10 s (FetchHTTP.sys.mjs), and takes a
// late answer for no configuration. On a busy machine a right answer may come later, so that the
// tests give it more time. FetchHTTP passes its number of milliseconds through this function.
const PATIENCE = { 5000: 100000, 10000: 100000 };
if (!InputSanitizer.integerInTime) {
  InputSanitizer.integerInTime = InputSanitizer.integer;
  InputSanitizer.integer = value =>
    PATIENCE[value] ?? InputSanitizer.integerInTime(value);
}

function heldThenRemoved(account) {
  const incoming = account.incomingServer;
  const identity = account.defaultIdentity;
  const outgoing = MailServices.outgoingServer.getServerByKey(identity.smtpServerKey);
  const smtp = outgoing.QueryInterface(Ci.nsISmtpServer);
  const held = {
    address: identity.email,
    incoming: {
      type: incoming.type,
      host: incoming.hostname,
      port: incoming.port,
      socketType: incoming.socketType,
      authMethod: incoming.authMethod,
      loginName: incoming.username,
    },
    outgoing: {
      type: outgoing.type,
      host: smtp.hostname,
      port: smtp.port,
      socketType: outgoing.socketType,
      authMethod: outgoing.authMethod,
      loginName: outgoing.username,
    },
  };
  MailServices.accounts.removeAccount(account, true);
  MailServices.outgoingServer.deleteServer(outgoing);
  return held;
}
