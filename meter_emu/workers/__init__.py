"""Work that is spread over processes: what work is, and the engines that have it done."""
