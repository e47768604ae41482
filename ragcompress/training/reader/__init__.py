"""How the embedded reader is made: examples, network, training, export.

Nothing here is needed to answer a question; that is `ragcompress.models.reader.reader`, which runs the exported
graph. Training needs the ``train`` extra.
"""
