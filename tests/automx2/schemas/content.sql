-- Rows that every release of automx2 can hold; the odd ones are what it tolerated.
INSERT INTO provider (id, name, short_name) VALUES (1000, 'Example & Söhne, Inc.', 'Example');
INSERT INTO provider (id, name, short_name) VALUES (1001, 'Odd-Type', 'O+T');
INSERT INTO provider (id, name, short_name) VALUES (1002, 'Without Servers', 'WS');
INSERT INTO server (id, name, port, type, socket_type, user_name, authentication)
    VALUES (4000, 'smtp.example.com', 587, 'smtp', 'STARTTLS', '%EMAILADDRESS%', 'plain');
INSERT INTO server (id, name, port, type, socket_type, user_name, authentication)
    VALUES (4001, 'imap.example.com', 143, 'imap', 'STARTTLS', '%EMAILADDRESS%', 'plain');
INSERT INTO server (id, name, port, type, socket_type, user_name, authentication)
    VALUES (4002, 'imap.example.com', 993, 'imap', 'SSL', '%EMAILLOCALPART%', 'plain');
INSERT INTO server (id, name, port, type, socket_type, user_name, authentication)
    VALUES (4003, 'pop.example.com', 995, 'pop', 'SSL', '%EMAILADDRESS%', 'plain');
INSERT INTO server (id, name, port, type, socket_type, user_name, authentication)
    VALUES (4005, 'odd.odd-type.example', 123, 'INVALID', 'STARTTLS', '%EMAILADDRESS%', 'plain');
INSERT INTO domain (id, name, provider_id) VALUES (3000, 'example.com', 1000);
INSERT INTO domain (id, name, provider_id) VALUES (3001, 'example.net', 1000);
INSERT INTO domain (id, name, provider_id) VALUES (3002, 'Mixed-Case.example', 1000);
INSERT INTO domain (id, name, provider_id) VALUES (3003, 'odd-type.example', 1001);
INSERT INTO domain (id, name, provider_id) VALUES (3004, 'without-servers.example', 1002);
INSERT INTO server_domain (server_id, domain_id) VALUES (4000, 3000);
INSERT INTO server_domain (server_id, domain_id) VALUES (4001, 3000);
INSERT INTO server_domain (server_id, domain_id) VALUES (4003, 3000);
INSERT INTO server_domain (server_id, domain_id) VALUES (4000, 3001);
INSERT INTO server_domain (server_id, domain_id) VALUES (4002, 3001);
INSERT INTO server_domain (server_id, domain_id) VALUES (4000, 3002);
INSERT INTO server_domain (server_id, domain_id) VALUES (4001, 3002);
INSERT INTO server_domain (server_id, domain_id) VALUES (4005, 3003);
