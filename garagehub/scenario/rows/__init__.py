"""The scenario's rows in the database, one file for each kind. All are known by their natural keys and may be written
again: what is there is brought up to date, what is missing is made.
"""
