-- Rows of the tables that came with 2021.3.1.
INSERT INTO davserver (id, url, port, type, use_ssl, domain_required, user_name)
    VALUES (4100, 'https://dav.example.com', 443, 'caldav', TRUE, FALSE, '%EMAILADDRESS%');
INSERT INTO davserver (id, url, port, type, use_ssl, domain_required, user_name)
    VALUES (4101, 'http://dav.example.com', 0, 'carddav', FALSE, TRUE, NULL);
INSERT INTO davserver_domain (davserver_id, domain_id) VALUES (4100, 3000);
INSERT INTO davserver_domain (davserver_id, domain_id) VALUES (4101, 3000);
INSERT INTO davserver_domain (davserver_id, domain_id) VALUES (4101, 3001);
