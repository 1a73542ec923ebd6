"""Train and evaluate emoji-64, the text-to-image pipeline that ships with graphgen."""
