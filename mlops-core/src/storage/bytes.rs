//! Serde of lists of keys and values: each as a piece of bytes. Serde's own way takes byte by byte, which gives the same and
//! takes ten times as long.

/// Serde of entries.
pub(super) mod entries {
    use serde::{Deserialize, Deserializer, Serializer};
    use serde_bytes::{ByteBuf, Bytes};

    use crate::storage::Entry;

    pub(in crate::storage) fn serialize<S: Serializer>(entries: &[Entry], into: S) -> Result<S::Ok, S::Error> {
        into.collect_seq(entries.iter().map(|(key, value)| (Bytes::new(key), Bytes::new(value))))
    }

    pub(in crate::storage) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Entry>, D::Error> {
        let entries = Vec::<(ByteBuf, ByteBuf)>::deserialize(from)?;
        Ok(entries.into_iter().map(|(key, value)| (key.into_vec(), value.into_vec())).collect())
    }
}

/// Serde of changes: a value, or None for a key that goes.
pub(super) mod changes {
    use serde::{Deserialize, Deserializer, Serializer};
    use serde_bytes::{ByteBuf, Bytes};

    type Change = (Vec<u8>, Option<Vec<u8>>);

    pub(in crate::storage) fn serialize<S: Serializer>(changes: &[Change], into: S) -> Result<S::Ok, S::Error> {
        into.collect_seq(changes.iter().map(|(key, value)| (Bytes::new(key), value.as_deref().map(Bytes::new))))
    }

    pub(in crate::storage) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Change>, D::Error> {
        let changes = Vec::<(ByteBuf, Option<ByteBuf>)>::deserialize(from)?;
        Ok(changes.into_iter().map(|(key, value)| (key.into_vec(), value.map(ByteBuf::into_vec))).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use crate::storage::Entry;

    #[derive(Serialize, Deserialize)]
    struct Plain(Vec<Entry>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

    #[derive(Serialize, Deserialize)]
    struct Pieces(
        #[serde(with = "super::entries")] Vec<Entry>,
        #[serde(with = "super::changes")] Vec<(Vec<u8>, Option<Vec<u8>>)>,
    );

    #[test]
    fn pieces_have_the_bytes_that_serde_gives_them() {
        let entries = vec![(b"a".to_vec(), vec![0, 255]), (Vec::new(), Vec::new()), (vec![7; 300], vec![9; 70_000])];
        let changes =
            vec![(b"b".to_vec(), None), (b"c".to_vec(), Some(Vec::new())), (vec![1; 200], Some(vec![2; 200]))];
        let plain = postcard::to_stdvec(&Plain(entries.clone(), changes.clone())).unwrap();
        assert_eq!(plain, postcard::to_stdvec(&Pieces(entries.clone(), changes.clone())).unwrap());
        let Pieces(read, changed) = postcard::from_bytes(&plain).unwrap();
        assert_eq!((read, changed), (entries, changes));
        for cut in [0, 1, 5, plain.len() / 2, plain.len() - 1] {
            assert!(postcard::from_bytes::<Pieces>(&plain[..cut]).is_err(), "cut at {cut}");
        }
    }
}
