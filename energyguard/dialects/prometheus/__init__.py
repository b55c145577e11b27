"""What Prometheus and its kin send.

remote_write.py  remote write 1.0 and 2.0: the dialect
wire.py          its messages: samples as columns
symbols.py       texts that a request of 2.0 has once
series.py        a series' labels, and where its values belong
text.py          the text format, by push
"""
