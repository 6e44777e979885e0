"""The doctor: it checks a domain as mail clients do, over DNS, HTTP, TLS and mail protocols."""
