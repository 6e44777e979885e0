// A Koa application that answers Autoconfig and Autodiscover with template strings.
// Variables: PORT, and DOMAINS with the path of a file with one domain on each line.
'use strict';

const fs = require('node:fs');
const Koa = require('koa');

const domains = new Set(fs.readFileSync(process.env.DOMAINS, 'ascii').split('\n').filter(Boolean));

const SERVICES = [
  ['imap', 'imap.hoster.example', 993, 'SSL'],
  ['pop3', 'pop.hoster.example', 995, 'SSL'],
  ['smtp', 'smtp.hoster.example', 465, 'SSL'],
  ['smtp', 'smtp.hoster.example', 587, 'STARTTLS'],
];

const escaped = (text) => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);

const servers = (address) => SERVICES.map(([kind, host, port, socket]) => {
  const element = kind === 'smtp' ? 'outgoingServer' : 'incomingServer';
  return `    <${element} type="${kind}">
      <hostname>${host}</hostname>
      <port>${port}</port>
      <socketType>${socket}</socketType>
      <authentication>password-cleartext</authentication>
      <username>${address}</username>
    </${element}>
`;
}).join('');

const autoconfig = (address, domain) => `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${domain}">
    <domain>${domain}</domain>
    <displayName>Hoster</displayName>
    <displayShortName>Hoster</displayShortName>
${servers(address)}  </emailProvider>
</clientConfig>
`;

const protocols = (address) => SERVICES.map(([kind, host, port, socket]) => `      <Protocol>
        <Type>${kind.toUpperCase()}</Type>
        <Server>${host}</Server>
        <Port>${port}</Port>
        <DomainRequired>off</DomainRequired>
        <LoginName>${address}</LoginName>
        <SPA>off</SPA>
        <SSL>${socket === 'SSL' ? 'on' : 'off'}</SSL>
        <AuthRequired>on</AuthRequired>
      </Protocol>
`).join('');

const autodiscover = (address) => `<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
${protocols(address)}    </Account>
  </Response>
</Autodiscover>
`;

const body = async (stream) => {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
};

const requested = async (ctx) => {
  if (ctx.method === 'POST' && ctx.path === '/autodiscover/autodiscover.xml') {
    const found = /<EMailAddress>([^<]+)<\/EMailAddress>/.exec(await body(ctx.req));
    return found && found[1];
  }
  return ctx.path === '/mail/config-v1.1.xml' ? ctx.query.emailaddress : null;
};

const app = new Koa();
app.use(async (ctx) => {
  const address = await requested(ctx);
  const domain = address && address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  if (!domain || !domains.has(domain)) {
    ctx.status = 404;
    ctx.body = 'not served here';
    return;
  }
  ctx.type = 'text/xml; charset=utf-8';
  const safe = escaped(address);
  ctx.body = ctx.method === 'POST' ? autodiscover(safe) : autoconfig(safe, escaped(domain));
});
app.listen(Number(process.env.PORT), '127.0.0.1');
