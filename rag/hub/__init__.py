"""Models from elsewhere: which are known, how one is fetched or copied into the home, and which are there.

Nothing here runs unless `zhiyin models` is called; a model that was pulled is loaded without any network.
"""
