"""`python -m meter_emu` is the command `meter-emu`."""

from meter_emu.cli.app import main

if __name__ == "__main__":
    main()
