"""The outside world, mocked, as its own process over real HTTP: supplier feeds, DVSA, DVLA, dealer probes, and faults.

It knows the scenario's pure generators and the standard library, and nothing of the application it feeds.
"""
