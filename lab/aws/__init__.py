"""AWS of the laboratory: strict where AWS is strict, moto behind a front of its own."""
