"""The listener that mail clients reach. It can change nothing (`initdb` is the one exception)."""
