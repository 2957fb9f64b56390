"""What is public: the names of the public modules with their signatures, and examples that run."""
