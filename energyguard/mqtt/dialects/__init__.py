"""The dialects of MQTT, a file each; ``registry.py`` has them in order."""
