"""The doctor: what users' mail clients find of a domain, over DNS, HTTP, TLS and mail protocols."""
