"""Measurements that compare programs in one run; `make bench` runs them."""
