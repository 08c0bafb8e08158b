"""The people of an organisation: list, invite, look, change, deactivate and activate."""
