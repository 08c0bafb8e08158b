"""Looking after the people of an organisation: who is listed, and who may change what.

Others call `changes`, which holds the rules once for API and admin alike, and `queries`.
"""
