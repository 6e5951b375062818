"""What the driver of scanner boxes needs of a command family, over the family's codec: requests out, replies in.

Families differ in what a setting is called: Newland and Honeywell have tags of letters, Mindeo four digits, SSI
parameter numbers (`138` or `0x8A`), register boxes addresses (`0x0013`), single-letter boxes numbers of six digits.
What a family cannot do (ask for a range, be asked who it is) is a ConfigError when it is asked for.
"""
