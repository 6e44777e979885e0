"""Files of users, good and bad ones, with their users or messages."""

from typing import Final

HEAD: Final = "address,login,display_name\n"

GOOD_CSV = [
    # the file, the address, the entry
    (HEAD + "a@x.example,u1,Ann\n", "a@x.example", {"login": ["u1"], "display_name": ["Ann"]}),
    (HEAD + "a@x.example,u1,Ann\n", "b@x.example", None),
    (HEAD + "a@x.example,u1,Ann\n", "a@y.example", None),
    (HEAD, "a@x.example", None),
    # Delimiters.
    ("address;login\na@x.example;u1\n", "a@x.example", {"login": ["u1"]}),
    ("address\tlogin\na@x.example\tu1\n", "a@x.example", {"login": ["u1"]}),
    ("address;login\na@x.example;u,1\n", "a@x.example", {"login": ["u,1"]}),
    # Columns in any order, in any case, with more of them.
    ("Login,Address\nu1,a@x.example\n", "a@x.example", {"login": ["u1"]}),
    (" address , login \na@x.example,u1\n", "a@x.example", {"login": ["u1"]}),
    ("mailHost,address,login\nm1,a@x.example,\n", "a@x.example", {"mailHost": ["m1"]}),
    ("address,login\na@x.example,\n", "a@x.example", {}),
    # Quoting.
    (HEAD + '"a@x.example","u1","A ""B"", C"\n', "a@x.example", ["u1", 'A "B", C']),
    ('"address","login"\n"a@x.example","u1"\n', "a@x.example", {"login": ["u1"]}),
    (HEAD + 'a@x.example,u1,"A\nB"\nb@x.example,u2,\n', "b@x.example", {"login": ["u2"]}),
    (HEAD + '"""a b""@x.example",u1,\n', '"a b"@x.example', {"login": ["u1"]}),
    # Ends of lines.
    ("address,login\r\na@x.example,u1\r\n", "a@x.example", {"login": ["u1"]}),
    ("address,login\na@x.example,u1", "a@x.example", {"login": ["u1"]}),
    ("address,login\n\n  \na@x.example,u1\n\n", "a@x.example", {"login": ["u1"]}),
    ("\ufeffaddress,login\na@x.example,u1\n", "a@x.example", {"login": ["u1"]}),
    # Case and IDNA.
    ("address,login\na@X.Example.,u1\n", "a@x.example", {"login": ["u1"]}),
    ("address,login\na@bücher.example,u1\n", "a@xn--bcher-kva.example", {"login": ["u1"]}),
    ("address,login\na@xn--bcher-kva.example,u1\n", "a@BÜCHER.example", {"login": ["u1"]}),
    ("address,login\nann@x.example,u1\n", "Ann@x.example", {"login": ["u1"]}),
    ("address,login\nAnn@x.example,u1\n", "ann@x.example", {"login": ["u1"]}),
    ("address,login\nAnn@x.example,u1\nann@x.example,u2\n", "Ann@x.example", {"login": ["u1"]}),
    ("address,login\nAnn@x.example,u1\nann@x.example,u2\n", "ANN@x.example", {"login": ["u2"]}),
    ("address,login\nära@x.example,u1\n", "Ära@x.example", {"login": ["u1"]}),
    # No user is found by an incomplete address.
    ("address,login\na@x.example,u1\n", "*@x.example", None),
    ("address,login\na@x.example,u1\n", "%@x.example", None),
    ("address,login\na+b@x.example,u1\n", "a@x.example", None),
]

ANN = '["ann@x.example"]\n'
GOOD_TOML = [
    # the file, the address, the entry
    (ANN + 'login = "u1"\ndisplay_name = "Ann"\n', ["u1", "Ann"]),
    (ANN + 'login = "u1"\nmailHost = "m1"\n', {"login": ["u1"], "mailHost": ["m1"]}),
    (ANN + 'mailHost = ["m1", "m2"]\n', {"mailHost": ["m1", "m2"]}),
    (ANN, {}),
    (ANN + 'login = ""\n', {}),
    ('["Ann@X.EXAMPLE"]\nlogin = "u1"\n', {"login": ["u1"]}),
    ("['ann@x.example']\nLogin = 'u1'\n", {"login": ["u1"]}),
    ('"ann@x.example" = { login = "u1" }\n', {"login": ["u1"]}),
    ('["bob@x.example"]\nnote = "n"\n' + ANN + 'login = "u1"\n', {"login": ["u1"]}),
    ("# no users yet\n", None),
    ('["bob@x.example"]\nlogin = "u1"\n', None),
]

BAD_CSV: list[tuple[bytes, list[str]]] = [
    # the file, all messages
    (b"", ["is empty"]),
    (b"\n \n", ["is empty"]),
    (b"\xff\xfea\x00d\x00", ["line 1: contains a NUL character; the file is not UTF-8 text"]),
    (b"address,login\na\x00@x.example,u\n", ["line 2: contains a NUL character"]),
    (b"address,login\na@x.example,\x1fu\n", ["line 2: contains a control character"]),
    (b"address,login\nb@x.example,u\nm\xfcller@x.example,u\n", ["line 3: is not UTF-8"]),
    (b"address,login\nb@x.example,u\n\xed\xa0\x80@x.example,u\n", ["line 3: is not UTF-8"]),
    (b"ann@x.example,u1,Ann\n", ["line 1: must be a header that names the columns address"]),
    (b"\naddress,login\n", ["line 1: must be a header"]),
    (b"address|login\na@x.example|u\n", ["line 1: must be a header"]),
    (b"address login\na@x.example u\n", ["line 1: must be a header"]),
    (b"address\na@x.example\n", ["line 1: must be a header"]),
    (b"mail,login\na@x.example,u\n", ["line 1: must be a header"]),
    (b"address,logn\na@x.example,u\n", ["line 1: the header has no column login"]),
    (b"address,login,,x\n", ["line 1: column 3 of the header has no name"]),
    (b"address,login,Login\n", ["line 1: the header names the column 'login' twice"]),
    (b"address,login,x,X\n", ["line 1: the header names the column 'X' twice"]),
    (b"address,login" + b",x" * 63 + b"\n", ["line 1: the header has more than 64 columns"]),
    (b'address,"login\na@x.example,u\n', ["line 1: a quotation mark is opened and never closed"]),
    (b"address,login\ra@x.example,u\r", ["line 1: a line contains a carriage return"]),
    (b"address,login\na@x.example\n", ["line 2: has 1 cell, but the header has 2"]),
    (b"address,login\na@x.example,u,v\n", ["line 2: has 3 cells, but the header has 2"]),
    (b"address,login\n# people\na@x.example,u\n", ["line 2: has 1 cell"]),
    (
        b"address,login\nx,u\ny\na@x.example,u,v,w\nb@y..example,u\n",
        [
            "line 2: address: the address has no @",
            "line 3: has 1 cell",
            "line 4: has 4 cells",
            "line 5: address: the domain has an empty label",
        ],
    ),
    (b"address,login\n,u\n", ["line 2: address: the address has no @"]),
    (b"address,login\na@192.0.2.1,u\n", ["line 2: address: the domain ends in a number"]),
    (b"address,login\n*@x.example,u\n", ["line 2: address: is a catch-all, not a user"]),
    (b"address,login\n@x.example,u\n", ["line 2: address: is a catch-all, not a user"]),
    (
        b"address,login\na@x.example,u\nb@x.example,u\na@X.example,v\na@x.example,w\n",
        [
            "line 4: the address is also on line 2; write one line for each address",
            "line 5: the address is also on line 2; write one line for each address",
        ],
    ),
    (
        "address,login\na@bücher.example,u\na@xn--bcher-kva.example,u\n".encode(),
        ["line 3: the address is also on line 2"],
    ),
    (b"address,login\na@x.example," + b"u" * 256, ["line 2: login is longer than 255 characters"]),
    (
        b"address,login,display_name\na@x.example,u," + b"n" * 256,
        ["line 2: display_name is longer than 255 characters"],
    ),
    (b'address,login\na@x.example,"u\n', ["line 2: a quotation mark is opened and never closed"]),
    (
        b'address,login\na@x.example,"u"v\nb@x.example\n',
        ["line 2: text follows a closing quotation mark", "line 3: has 1 cell"],
    ),
    (b"address,login\na@x.example,u\rv\n", ["line 2: a line contains a carriage return"]),
    (
        b'address,login\na@x.example,"u\n' + b"b@x.example,v\n" * 20_000,
        ["line 2: a cell is very long; perhaps a quotation mark is never closed"],
    ),
]
BAD_TOML: list[tuple[bytes, list[str]]] = [
    (b"", ["is empty"]),
    (b'["a@x.example"]\nlogin = "\xfc"\n', ["line 2: is not UTF-8"]),
    (b'["a@x.example"]\nlogin = "\x00"\n', ["line 2: contains a NUL character"]),
    (b'["a@x.example"]\nlogin = "\\u0000"\n', ["line 1: login contains a control character"]),
    (b"[a@x.example]\n", ["line 1: an address must be in quotation marks"]),
    (b'["a@x.example"]\nlogin = u\n', ["line 2: not TOML: Invalid value"]),
    (b'["a@x.example"]\nlogin = "u\n', ["line 2: not TOML: "]),
    (b'["a@x.example"]\nlogin = "u"\nlogin = "v"\n', ["line 3: not TOML: a key appears twice"]),
    (
        b'["a@x.example"]\n\n["b@x.example"]\n["a@x.example"]\n',
        ["line 4: the address is also on line 1; write one table for each address"],
    ),
    (
        b'["a@x.example"]\n["a@X.EXAMPLE"]\n',
        ["line 2: the address is also on line 1"],
    ),
    (b"'a@x.example' = {}\n'a@X.example' = {}\n", ["the address is also further up"]),
    (b"['*@x.example']\n", ["line 1: the name of a table must be an address: is a catch-all"]),
    (b"['@x.example']\n", ["line 1: the name of a table must be an address: is a catch-all"]),
    (b"[people]\n", ["line 1: the name of a table must be an address: the address has no @"]),
    (b'login = "u"\n', ["table 1: the name of a table must be an address"]),
    (b'"a@x.example" = "u"\n', ["table 1: must be a table"]),
    (b'["a@x.example"]\nlogin = 1\n', ["line 1: login must be a text"]),
    (
        b'["a@x.example"]\nnote = """\n["b@x.example"]\n"""\n["c@x.example"]\nlogin = 1\n',
        ["table 2: login must be a text"],
    ),
    (b'["a@x.example"]\nlogin = ["u"]\n', ["line 1: login must be a text"]),
    (b'["a@x.example"]\nh = 1\n', ["line 1: h must be a text or a list of texts"]),
    (b'["a@x.example"]\nh = ["m", 1]\n', ["line 1: h must be a text or a list of texts"]),
    (b'["a@x.example"]\nh = { m = "x" }\n', ["line 1: h must be a text or a list of texts"]),
    (b'["a@x.example"]\nh = "x"\nH = "y"\n', ["line 1: H appears twice"]),
    (b'["a@x.example"]\n"b@x.example" = 1\n', ["line 1: a key must be a text"]),
    (b'["a@x.example"]\nlogin = "' + b"u" * 256 + b'"\n', ["line 1: login is longer than 255"]),
    (
        b'["a@x.example"]\n' + b"".join(b'k%d = "x"\n' % number for number in range(63)),
        ["line 1: k62 is above the limit of 64 different keys"],
    ),
    (b"a = " + b"[" * 100_000, ["line 1: not TOML: tables or lists are nested too deeply"]),
    (b"a = " + b"1" * 5000, ["line 1: not TOML: a key or a number is longer than 1000 characters"]),
    (
        b'["a@x.example"]\nlogin = 1\n["b"]\n["c@x.example"]\nlogin = 2\n',
        ["line 1: login must", "line 3: the name of a table must", "line 4: login must"],
    ),
]
BAD = [(data, said, "users.csv") for data, said in BAD_CSV]
BAD += [(data, said, "users.toml") for data, said in BAD_TOML]
