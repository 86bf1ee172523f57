"""The trail as people read it: sentences, filters, files, the access log, reviews and the copies of the sites."""
