//! tmp
/// tmp
pub fn trust(_id: uuid::Uuid) -> crate::Result<()> {
    Ok(())
}
