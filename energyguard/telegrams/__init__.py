"""What meters themselves send, telegram after telegram, through a cable, an eye or a dongle.

    p1.py        DSMR P1, and every readout of IEC 62056-21: lines ``OBIS(value*unit)``
    sml.py       SML: German meters, in binary; sml_values.py has its values
    tic.py       the Linky's télé-information, historique and standard
    obis.py      what codes of OBIS mean, in lines and in SML
    stream.py    telegrams of whichever dialect in a stream of bytes
    reading.py   telegrams of a body become readings; checks.py has their sums, clock.py their times

Each dialect is one file and in the registry as every other (``codecs/headers.py``); it says beside
its decoder by what its telegrams begin and end (``codecs/framing.py``).
"""
