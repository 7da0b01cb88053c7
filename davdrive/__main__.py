"""`davdrive`, and `python -m davdrive`."""

from davdrive.cli.main import main

if __name__ == "__main__":
    main()
