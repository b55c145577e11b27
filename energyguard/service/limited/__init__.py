"""The service for a person who may see some sites: what else there is does not exist.

callers.py     who asks; site_scope.py: what one's sites hold
view.py        the limited service, made of parts.py, answers.py, catalogue.py, consumption.py, …
service.py     what of a whole service it answers with
"""
