-- A directory, which came with 2020.0; example.net asks it.
INSERT INTO ldapserver (id, name, port, use_ssl, search_base, search_filter, attr_uid, attr_cn,
                        bind_password, bind_user)
    VALUES (5000, 'ldap.example.com', 636, TRUE, 'dc=example,dc=com', '(mail={0})', 'uid', 'cn',
            'bind-secret', 'cn=automx2,dc=example,dc=com');
UPDATE domain SET ldapserver_id = 5000 WHERE id = 3001;
