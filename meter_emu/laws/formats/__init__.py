"""What must hold of what lies on cards and in their files, whatever program reads them."""
