"""The checks of `waypost monitor`: what is checked, when, and what has changed since."""
