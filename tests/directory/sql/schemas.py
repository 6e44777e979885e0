"""The tables of mail servers' databases, as far as Waypost's examples read them, with people.

Alice is in each of them, Bob is there and not active, and `example.com` is an active domain,
`old.example` one that is not. `relayed.example` has its mailboxes elsewhere. `alias.example` and
others are aliases of domains, where there are such.
"""

from typing import Final

_POSTFIXADMIN_ROWS: Final = """
INSERT INTO domain (domain, description, backupmx, active) VALUES
  ('ALL', '', {false}, {true}), ('example.com', '', {false}, {true}),
  ('old.example', '', {false}, {false}), ('relayed.example', '', {true}, {true});
INSERT INTO mailbox (username, password, name, maildir, local_part, domain, active) VALUES
  ('alice@example.com', '{{CRYPT}}x', 'Alice Example', 'a/', 'alice', 'example.com', {true}),
  ('bob@example.com', '{{CRYPT}}x', 'Bob', 'b/', 'bob', 'example.com', {false}),
  ('o''brien@example.com', '{{CRYPT}}x', 'O''Brien', 'o/', 'o''brien', 'example.com', {true});
INSERT INTO alias (address, goto, domain, active) VALUES
  ('alice@example.com', 'alice@example.com', 'example.com', {true}),
  ('sales@example.com', 'alice@example.com', 'example.com', {true}),
  ('all@example.com', 'alice@example.com,bob@example.com', 'example.com', {true});
"""

# PostfixAdmin 3: its MySQL tables were latin1 from the start, with names in UTF-8.
POSTFIXADMIN_MYSQL: Final = """
CREATE TABLE domain (
  domain VARCHAR(255) NOT NULL, description VARCHAR(255) CHARACTER SET utf8 NOT NULL,
  aliases INT NOT NULL DEFAULT 0, mailboxes INT NOT NULL DEFAULT 0,
  maxquota BIGINT NOT NULL DEFAULT 0, quota BIGINT NOT NULL DEFAULT 0,
  transport VARCHAR(255) NOT NULL DEFAULT '', backupmx TINYINT(1) NOT NULL DEFAULT 0,
  created DATETIME NOT NULL DEFAULT '2000-01-01', modified DATETIME NOT NULL DEFAULT '2000-01-01',
  active TINYINT(1) NOT NULL DEFAULT 1, PRIMARY KEY (domain)
) DEFAULT CHARSET=latin1;
CREATE TABLE mailbox (
  username VARCHAR(255) NOT NULL, password VARCHAR(255) NOT NULL,
  name VARCHAR(255) CHARACTER SET utf8 NOT NULL, maildir VARCHAR(255) NOT NULL,
  quota BIGINT NOT NULL DEFAULT 0, local_part VARCHAR(255) NOT NULL,
  domain VARCHAR(255) NOT NULL, created DATETIME NOT NULL DEFAULT '2000-01-01',
  modified DATETIME NOT NULL DEFAULT '2000-01-01', active TINYINT(1) NOT NULL DEFAULT 1,
  PRIMARY KEY (username), KEY domain (domain)
) DEFAULT CHARSET=latin1;
CREATE TABLE alias (
  address VARCHAR(255) NOT NULL, goto TEXT NOT NULL, domain VARCHAR(255) NOT NULL,
  created DATETIME NOT NULL DEFAULT '2000-01-01', modified DATETIME NOT NULL DEFAULT '2000-01-01',
  active TINYINT(1) NOT NULL DEFAULT 1, PRIMARY KEY (address), KEY domain (domain)
) DEFAULT CHARSET=latin1;
""" + _POSTFIXADMIN_ROWS.format(true=1, false=0)

# SQLite takes the same words, and keeps truth as a number.
_POSTFIXADMIN_TABLES: Final = """
CREATE TABLE domain (
  domain VARCHAR(255) PRIMARY KEY, description VARCHAR(255) NOT NULL DEFAULT '',
  aliases INTEGER NOT NULL DEFAULT 0, mailboxes INTEGER NOT NULL DEFAULT 0,
  maxquota BIGINT NOT NULL DEFAULT 0, quota BIGINT NOT NULL DEFAULT 0,
  transport VARCHAR(255), backupmx BOOLEAN NOT NULL DEFAULT {false},
  created TIMESTAMP DEFAULT CURRENT_TIMESTAMP, modified TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  active BOOLEAN NOT NULL DEFAULT {true}
);
CREATE TABLE mailbox (
  username VARCHAR(255) PRIMARY KEY, password VARCHAR(255) NOT NULL DEFAULT '',
  name VARCHAR(255) NOT NULL DEFAULT '', maildir VARCHAR(255) NOT NULL DEFAULT '',
  quota BIGINT NOT NULL DEFAULT 0, created TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  modified TIMESTAMP DEFAULT CURRENT_TIMESTAMP, active BOOLEAN NOT NULL DEFAULT {true},
  domain VARCHAR(255) REFERENCES domain (domain), local_part VARCHAR(255) NOT NULL
);
CREATE TABLE alias (
  address VARCHAR(255) PRIMARY KEY, goto TEXT NOT NULL, domain VARCHAR(255) NOT NULL,
  created TIMESTAMP DEFAULT CURRENT_TIMESTAMP, modified TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  active BOOLEAN NOT NULL DEFAULT {true}
);
"""
POSTFIXADMIN_POSTGRESQL: Final = (_POSTFIXADMIN_TABLES + _POSTFIXADMIN_ROWS).format(
    true="true", false="false"
)
POSTFIXADMIN_SQLITE: Final = (_POSTFIXADMIN_TABLES + _POSTFIXADMIN_ROWS).format(true=1, false=0)

# https://doc.dovecot.org/latest/core/config/auth/databases/sql.html
DOVECOT: Final = """
CREATE TABLE users (
  username VARCHAR(128) NOT NULL, domain VARCHAR(128) NOT NULL, password VARCHAR(64) NOT NULL,
  home VARCHAR(255) NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL,
  active CHAR(1) DEFAULT 'Y' NOT NULL
);
INSERT INTO users VALUES ('alice', 'example.com', 'x', '/', 1, 1, 'Y');
INSERT INTO users VALUES ('bob', 'example.com', 'x', '/', 1, 1, 'N');
INSERT INTO users VALUES ('carol', 'old.example', 'x', '/', 1, 1, 'N');
"""

# ViMbAdmin 3: doctrine2/xml/Entities.Mailbox.dcm.xml and Entities.Domain.dcm.xml
VIMBADMIN_MYSQL: Final = """
CREATE TABLE domain (
  id BIGINT AUTO_INCREMENT PRIMARY KEY, domain VARCHAR(255) NOT NULL UNIQUE,
  description VARCHAR(255), max_aliases INT NOT NULL DEFAULT 0,
  alias_count BIGINT NOT NULL DEFAULT 0, max_mailboxes INT NOT NULL DEFAULT 0,
  mailbox_count BIGINT NOT NULL DEFAULT 0,
  max_quota BIGINT NOT NULL DEFAULT 0, quota BIGINT NOT NULL DEFAULT 0,
  transport VARCHAR(255) NOT NULL DEFAULT 'virtual', backupmx TINYINT(1) NOT NULL DEFAULT 0,
  active TINYINT(1) NOT NULL DEFAULT 1
) DEFAULT CHARSET=utf8 COLLATE=utf8_unicode_ci;
CREATE TABLE mailbox (
  id BIGINT AUTO_INCREMENT PRIMARY KEY, username VARCHAR(255) NOT NULL,
  password VARCHAR(255) NOT NULL, name VARCHAR(255), alt_email VARCHAR(255),
  quota BIGINT NOT NULL DEFAULT 0, local_part VARCHAR(255) NOT NULL,
  active TINYINT(1) NOT NULL DEFAULT 0, access_restriction VARCHAR(100) NOT NULL DEFAULT 'ALL',
  homedir VARCHAR(255), maildir VARCHAR(255), uid BIGINT, gid BIGINT, delete_pending TINYINT(1),
  Domain_id BIGINT REFERENCES domain (id)
) DEFAULT CHARSET=utf8 COLLATE=utf8_unicode_ci;
INSERT INTO domain (domain, backupmx, active) VALUES
  ('example.com', 0, 1), ('old.example', 0, 0), ('relayed.example', 1, 1);
INSERT INTO mailbox (username, password, name, local_part, active, Domain_id) VALUES
  ('alice@example.com', 'x', 'Alice Example', 'alice', 1, 1),
  ('bob@example.com', 'x', NULL, 'bob', 0, 1);
"""

# Modoboa 2: modoboa/core/models.py, modoboa/admin/models/
MODOBOA: Final = """
CREATE TABLE core_user (
  id INTEGER PRIMARY KEY, username VARCHAR(254) NOT NULL, first_name VARCHAR(150) NOT NULL,
  last_name VARCHAR(150) NOT NULL, email VARCHAR(254) NOT NULL, is_active BOOLEAN NOT NULL,
  password VARCHAR(256) NOT NULL
);
CREATE TABLE admin_domain (
  id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, type VARCHAR(20) NOT NULL,
  enabled BOOLEAN NOT NULL
);
CREATE TABLE admin_domainalias (
  id INTEGER PRIMARY KEY, name VARCHAR(254) NOT NULL, enabled BOOLEAN NOT NULL,
  target_id INTEGER NOT NULL
);
CREATE TABLE admin_mailbox (
  id INTEGER PRIMARY KEY, address VARCHAR(252) NOT NULL, domain_id INTEGER NOT NULL,
  user_id INTEGER NOT NULL
);
INSERT INTO core_user VALUES
  (1, 'alice@example.com', 'Alice', 'Example', 'alice@example.com', true, 'x'),
  (2, 'bob@example.com', '', '', 'bob@example.com', false, 'x');
INSERT INTO admin_domain VALUES
  (1, 'example.com', 'domain', true), (2, 'old.example', 'domain', false),
  (3, 'relayed.example', 'relaydomain', true);
INSERT INTO admin_domainalias VALUES
  (1, 'alias.example', true, 1), (2, 'alias-of-old.example', true, 2),
  (3, 'alias-of-relayed.example', true, 3), (4, 'old-alias.example', false, 1);
INSERT INTO admin_mailbox VALUES (1, 'alice', 1, 1), (2, 'bob', 1, 2);
"""

# mailcow, whose tables its data/web/inc/init_db.inc.php makes
MAILCOW_MYSQL: Final = """
CREATE TABLE domain (
  domain VARCHAR(255) NOT NULL PRIMARY KEY, description VARCHAR(255),
  aliases INT(10) NOT NULL DEFAULT 0, mailboxes INT(10) NOT NULL DEFAULT 0,
  backupmx TINYINT(1) NOT NULL DEFAULT 0, relay_all_recipients TINYINT(1) NOT NULL DEFAULT 0,
  relay_unknown_only TINYINT(1) NOT NULL DEFAULT 0, active TINYINT(1) NOT NULL DEFAULT 1
) DEFAULT CHARSET=utf8mb4;
CREATE TABLE alias_domain (
  alias_domain VARCHAR(255) NOT NULL PRIMARY KEY, target_domain VARCHAR(255) NOT NULL,
  active TINYINT(1) NOT NULL DEFAULT 1
) DEFAULT CHARSET=utf8mb4;
CREATE TABLE mailbox (
  username VARCHAR(255) NOT NULL PRIMARY KEY, password VARCHAR(255) NOT NULL, name VARCHAR(255),
  quota BIGINT NOT NULL DEFAULT 102400, local_part VARCHAR(255) NOT NULL,
  domain VARCHAR(255) NOT NULL, attributes JSON, kind VARCHAR(100) NOT NULL DEFAULT '',
  multiple_bookings TINYINT(1) NOT NULL DEFAULT 0, active TINYINT(1) NOT NULL DEFAULT 1
) DEFAULT CHARSET=utf8mb4;
INSERT INTO domain (domain, backupmx, relay_unknown_only, active) VALUES
  ('example.com', 0, 0, 1), ('old.example', 0, 0, 0), ('relayed.example', 1, 0, 1),
  ('half-relayed.example', 1, 1, 1);
INSERT INTO alias_domain (alias_domain, target_domain, active) VALUES
  ('alias.example', 'example.com', 1), ('alias-of-old.example', 'old.example', 1),
  ('alias-of-relayed.example', 'relayed.example', 1), ('old-alias.example', 'example.com', 0);
INSERT INTO mailbox (username, password, name, local_part, domain, kind, active) VALUES
  ('alice@example.com', 'x', 'Alice Example', 'alice', 'example.com', '', 1),
  ('bob@example.com', 'x', 'Bob', 'bob', 'example.com', '', 0),
  ('room@example.com', 'x', 'A room', 'room', 'example.com', 'location', 1);
"""

SHARDED: Final = """
CREATE TABLE users (userid VARCHAR(128) PRIMARY KEY, host VARCHAR(128));
INSERT INTO users VALUES ('alice@example.com', 'mail2.example.com');
INSERT INTO users VALUES ('carol@example.com', 'evil.example');
"""

SCHEMAS: Final[dict[str, dict[str, str]]] = {
    "postfixadmin": {
        "mysql": POSTFIXADMIN_MYSQL,
        "postgresql": POSTFIXADMIN_POSTGRESQL,
        "sqlite": POSTFIXADMIN_SQLITE,
    },
    "postfixadmin-domains": {
        "mysql": POSTFIXADMIN_MYSQL,
        "postgresql": POSTFIXADMIN_POSTGRESQL,
        "sqlite": POSTFIXADMIN_SQLITE,
    },
    "dovecot": {"mysql": DOVECOT, "postgresql": DOVECOT},
    "vimbadmin": {"mysql": VIMBADMIN_MYSQL},
    "modoboa": {"mysql": MODOBOA, "postgresql": MODOBOA},
    "mailcow": {"mysql": MAILCOW_MYSQL},
    "sharded": {"mysql": SHARDED, "postgresql": SHARDED, "sqlite": SHARDED},
}
"""By the name of the directory in the documentation, then by the engine."""
