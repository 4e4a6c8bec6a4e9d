"""What is around a pass: who may make it, who hears of it, what comes after; and the daemon, which makes them."""
