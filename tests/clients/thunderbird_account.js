// Runs inside Thunderbird, before one of the other scripts: reads and removes an account.

const { MailServices } = ChromeUtils.importESModule(
  "resource:///modules/MailServices.sys.mjs"
);

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
