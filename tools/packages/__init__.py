"""The packages for Debian and for RPM systems, and what is in both."""
