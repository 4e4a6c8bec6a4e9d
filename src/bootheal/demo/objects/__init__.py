"""Objects and their rules: kinds, storage, patches, selectors. No network, no processes, no clock but timestamps."""
