"""The control room: views over the service, mounted at ``/`` beside the API.

views.py    the views that there are: path, title, icon, builder
mount.py    the control room beside the API, and its static files
words/      how it reads: languages, numbers, times
elements/   what views are made of, whatever they are about
frame/      what every open page has
measures/   charts of measurements and sums that several views show
sites/, explore/, devices/, alerts/, rules/, data/, people/, notifications/    the views
"""
