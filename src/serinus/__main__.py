"""`python -m serinus`: the command line."""

from serinus.cli.main import main

if __name__ == "__main__":
    main()
